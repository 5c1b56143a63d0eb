import type { Endpoint } from '../connection/connection.js'

const meanings = {
  EADDRINUSE: 'address already in use',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was reset',
  ENETDOWN: 'the host went down',
} as const

/** What a system reports of its own accord, in the form that Node gives to it: matched by `code`. */
export interface SystemError extends Error {
  readonly code: keyof typeof meanings
  readonly syscall: string
  readonly address: string
  readonly port: number | undefined
}

export function systemError(code: SystemError['code'], syscall: string, { address, port }: Endpoint): SystemError {
  const where = port === undefined ? address : `${address}:${port}`
  return Object.assign(new Error(`${syscall} ${code} ${where}: ${meanings[code]}`), { code, syscall, address, port })
}
