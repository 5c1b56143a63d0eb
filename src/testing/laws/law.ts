import type { Candidate } from './candidate.js'
import { Scene } from './scene.js'

/** One case of one of the thirteen laws. */
export interface Law {
  /** Which law, 1 to 13. */
  readonly law: number
  /** What has to be so, in a sentence. */
  readonly name: string
  /**
   * Resolves if it is so and rejects with what is wrong. It waits for events and knows no time: the test runner has to
   * bound it, generously.
   */
  readonly run: (candidate: Candidate) => Promise<void>
}

/** The cases of one law, by what has to be so. */
export function casesOf(law: number, cases: Readonly<Record<string, (scene: Scene) => Promise<void>>>): readonly Law[] {
  return Object.entries(cases).map(([name, play]) => ({
    law,
    name,
    async run(candidate) {
      const scene = new Scene(candidate)
      try {
        await play(scene)
        await scene.clear()
      } finally {
        scene.leave()
      }
    },
  }))
}
