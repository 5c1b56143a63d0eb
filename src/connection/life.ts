/** The events that are told of a live connection. Those that operators add may come after its close. */
export const LIFE: ReadonlySet<string> = new Set(['connecting', 'open', 'packet', 'drain', 'end', 'close'])
