/**
 * What a connection has that says how busy it is: whoever asks something on it adds one, and takes it away when the
 * answer is there, so that a select can choose the least busy.
 */
export interface Loaded {
  inFlight: number
}
