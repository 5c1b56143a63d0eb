/** Whether two values say the same: bytes by their content, and a string also stands for its UTF-8 bytes. */
export function equal(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one === 'string') return other instanceof Uint8Array && one === textOf(other)
  if (typeof other === 'string') return equal(other, one)
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (one instanceof Uint8Array || other instanceof Uint8Array) return equalBytes(one, other)
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false
  const [keys, otherKeys] = [Reflect.ownKeys(one), Reflect.ownKeys(other)]
  return keys.length === otherKeys.length && keys.every(key => equal(Reflect.get(one, key), Reflect.get(other, key)))
}

/** Bytes as text, or nothing if they are none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function equalBytes(one: object, other: object): boolean {
  return (
    one instanceof Uint8Array &&
    other instanceof Uint8Array &&
    one.length === other.length &&
    one.every((byte, index) => byte === other[index])
  )
}
