/** What is counted over the life of a requester. */
export interface Counts {
  inFlight: number
  waiting: number
  late: number
  unknown: number
}
