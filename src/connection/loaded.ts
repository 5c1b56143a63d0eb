/**
 * What a connection has that says how busy it is: whoever asks something on it adds one, and takes it away when the
 * answer is there, so that a select can choose the least busy.
 */
export interface Loaded {
  /** How much is asked on it and not answered. */
  inFlight: number
  /** Whether more may be asked on it; left out where there is no reason against it but its `state`. */
  readonly available?: boolean
}
