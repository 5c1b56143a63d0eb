/**
 * What follows the end of a connection: dial again after the policy's delay (`retry`), after a long one (`slow`), or
 * not at all (`stop`).
 */
export type Verdict = 'retry' | 'slow' | 'stop'
