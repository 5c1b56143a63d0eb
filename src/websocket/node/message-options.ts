import { connectionRules, type ConnectionOptions } from '../../connection/connection-options.js'
import { boolean, bytes, count, group, within, type Rule, type Rules } from '../../connection/options.js'

/** How messages may be compressed (permessage-deflate, RFC 7692). */
export interface DeflateOptions {
  /** Below how many bytes a message is sent as it is. Default 1 024. */
  readonly threshold?: number
  /**
   * How many times as long as it came a message may become, once it is longer than 64 KiB; without `takeover`, one that would become more
   * is sent as it is. Default 25.
   */
  readonly maxRatio?: number
  /**
   * Whether each side remembers its earlier messages to compress the next one better, for some 300 KiB of memory per connection.
   * Default `false`.
   */
  readonly takeover?: boolean
  /** zlib's, 1 (fastest) to 9. Default 6. */
  readonly level?: number
}

/** What concerns the messages of a connection, in either role. */
export interface MessageOptions extends ConnectionOptions {
  /** The longest message that may come, in bytes, once inflated. Default 1 MiB; `Infinity` for no limit. */
  readonly maxPayload?: number
  /** In how many fragments a message may come. Default 1 024. */
  readonly maxFragments?: number
  /** How many pings, pongs included, may come in a second. Default 100. */
  readonly maxPings?: number
  /** Whether pings and pongs are packets too. Pings are answered in any case, before they are told. Default `false`. */
  readonly control?: boolean
  /** Whether messages may be compressed, where the peer agrees. Default `false`. */
  readonly deflate?: boolean | DeflateOptions
}

export const deflateDefaults: Required<DeflateOptions> = { threshold: 1024, maxRatio: 25, takeover: false, level: 6 }

const deflateRules: Rules<DeflateOptions> = {
  threshold: within(0, 2 ** 31 - 1),
  maxRatio: value => (typeof value === 'number' && value >= 1 ? undefined : 'must be a number of at least 1'),
  takeover: boolean,
  level: within(1, 9),
}

const deflate: Rule = value => (typeof value === 'boolean' ? undefined : group(deflateRules)(value))

export const messageRules: Rules<MessageOptions> = {
  ...connectionRules,
  maxPayload: bytes,
  maxFragments: count,
  maxPings: count,
  control: boolean,
  deflate,
}

/** How messages are to be compressed, if they are. */
export function deflateOf({ deflate = false }: Pick<MessageOptions, 'deflate'>): DeflateOptions | undefined {
  return deflate === true ? {} : deflate === false ? undefined : deflate
}
