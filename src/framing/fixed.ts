import { checkOptions, within, type Rules } from '../connection/options.js'
import type { Codec } from './codec.js'
import { checkBytes } from './frame-errors.js'
import { frameDefaults, frameRules, type FrameOptions } from './frame-options.js'
import { SizedDecoder, type FrameShape } from './sized-decoder.js'
import { Slab } from './slab.js'

/** How long every packet is. */
export interface FixedOptions extends Pick<FrameOptions, 'tail'> {
  /** How many bytes each packet has: 1 to 2 147 483 647. */
  readonly length: number
}

/** No length at all is as wrong as a bad one. */
const MISSING = { length: NaN }

const rules: Rules<FixedOptions> = { length: within(1, 2 ** 31 - 1), tail: frameRules.tail }

/**
 * Packets that all have the same length.
 *
 * Sending one of another length throws a `RangeError`. With `tail: 'emit'` the last packet may be shorter.
 *
 * @example Samples of 16 bytes
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(fixed({ length: 16 })), packets())
 * ```
 */
export function fixed(options: FixedOptions): Codec<Uint8Array> {
  checkOptions('fixed', { ...MISSING, ...options }, rules)
  const { length, tail = frameDefaults.tail } = options
  const settings = { maxFrameLength: length, onOversize: 'error', tail } as const
  const shape: FrameShape = { longestHeader: 0, trailer: 0, size: () => length, start: () => 0 }
  const slab = new Slab()
  return {
    decoder: owner => new SizedDecoder(shape, slab, settings, owner),
    encode(packet, write) {
      checkBytes('fixed', packet)
      if (packet.length !== length)
        throw new RangeError(`a packet of ${packet.length} bytes can't be sent where all have ${length}`)
      write(packet)
    },
  }
}
