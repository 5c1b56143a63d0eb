import { oneOf, within, type Rules } from '../connection/options.js'

/** What every codec with frames of a variable size can be told. */
export interface FrameOptions {
  /**
   * The longest frame in bytes, header and delimiter included, 1 to 2 147 483 647. Checked before anything is
   * allocated, in both directions: it is what a peer can make us keep. Default 1 048 576 (1 MiB).
   */
  readonly maxFrameLength?: number
  /**
   * What a longer frame that arrives does: `error` fails with `ERR_FRAME_TOO_LONG`, `skip` leaves out exactly that
   * frame, tells its size and goes on. Default `error`.
   */
  readonly onOversize?: 'error' | 'skip'
  /**
   * What an unfinished frame at the end of the input is: `error` fails with `ERR_FRAME_TRUNCATED`, `emit` takes what is
   * there for a packet, `drop` leaves it out in silence. Default `error`.
   */
  readonly tail?: 'error' | 'emit' | 'drop'
}

export const frameDefaults: Required<FrameOptions> = { maxFrameLength: 1024 * 1024, onOversize: 'error', tail: 'error' }

/** What was asked for, and the defaults for what was not: an option that is `undefined` was not asked for. */
export function frameSettings({
  maxFrameLength = frameDefaults.maxFrameLength,
  onOversize = frameDefaults.onOversize,
  tail = frameDefaults.tail,
}: FrameOptions): Required<FrameOptions> {
  return { maxFrameLength, onOversize, tail }
}

export const frameRules: Rules<FrameOptions> = {
  maxFrameLength: within(1, 2 ** 31 - 1),
  onOversize: oneOf('error', 'skip'),
  tail: oneOf('error', 'emit', 'drop'),
}
