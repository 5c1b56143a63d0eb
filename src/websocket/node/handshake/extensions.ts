/** An extension as a handshake names it (RFC 6455 section 9.1); a parameter without a value has `true`. */
export interface Extension {
  readonly name: string
  readonly parameters: ReadonlyMap<string, string | true>
}

const TOKEN = String.raw`[!#$%&'*+\-.^_\`|~0-9A-Za-z]+`
const PARAMETER = String.raw`\s*;\s*(${TOKEN})(?:\s*=\s*(?:(${TOKEN})|"(${TOKEN})"))?`
const extension = new RegExp(String.raw`\s*(${TOKEN})((?:${PARAMETER})*)\s*(,|$)`, 'y')
const parameter = new RegExp(PARAMETER, 'g')

/** The extensions of a `Sec-WebSocket-Extensions` header, in its order; `undefined` for one that can't be read, or names a parameter twice. */
export function parseExtensions(header: string): readonly Extension[] | undefined {
  const found: Extension[] = []
  extension.lastIndex = 0
  for (let comma = ','; comma === ',';) {
    const match = extension.exec(header)
    if (match === null) return undefined
    const [, name = '', list = '', , , , end = ''] = match
    const pairs = [...list.matchAll(parameter)].map(
      ([, key = '', token, quoted]) => [key, token ?? quoted ?? true] as const,
    )
    const parameters = new Map(pairs)
    if (parameters.size < pairs.length) return undefined
    found.push({ name, parameters })
    comma = end
  }
  return found
}
