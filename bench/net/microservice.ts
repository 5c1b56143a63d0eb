// The protocol of a NestJS microservice over TCP: the length of a JSON text in decimal digits, `#`, the text.

const data = 'x'.repeat(160)

/** A call of the pattern `echo` with 200 bytes of JSON, and what answers it. */
export const request = packed({ pattern: 'echo', data, id: '1' })
export const reply = packed({ response: data, isDisposed: true, id: '1' })

export interface Call {
  readonly pattern: string
  readonly data: unknown
  readonly id: string
}

export function packed(message: object): Buffer {
  const text = JSON.stringify(message)
  return Buffer.from(`${text.length}#${text}`)
}
