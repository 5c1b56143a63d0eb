import type { Codec } from './codec.js'
import { malformed } from './frame-errors.js'
import { lines, type LinesOptions } from './lines.js'
import { mapCodec } from './map-codec.js'

/**
 * A JSON value per line. Empty lines, which some peers send to keep a connection alive, are left out.
 *
 * What is no JSON fails with `ERR_FRAME_MALFORMED`; the values are whatever the peer sent, so check them before you
 * believe their type. Sending throws a `TypeError` for what has no JSON (`undefined`, a function, a `BigInt`, a cycle).
 *
 * @typeParam In what arrives, not checked
 *
 * @example
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(ndjson()), packets()).subscribe(value => console.log(value))
 * ```
 */
export function ndjson<In = unknown, Out = In>(options: Omit<LinesOptions, 'blank'> = {}): Codec<In, Out> {
  return mapCodec(
    lines({ ...options, blank: 'drop' }),
    line => parsed(line) as In,
    (value: Out) => text(value),
  )
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (thrown) {
    throw malformed('a line that is no JSON', thrown)
  }
}

function text(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined
  if (json === undefined) throw new TypeError(`ndjson sends what has JSON, not ${typeof value}`)
  return json
}
