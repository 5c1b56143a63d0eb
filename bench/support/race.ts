/** One of those that are compared, ready to run. */
export interface Contestant {
  /** Runs for so many milliseconds, and answers how fast it was. */
  readonly run: (ms: number) => Promise<Speed>
  readonly stop: () => Promise<void>
}

export interface Speed {
  /** What is compared: so many per second, or how long one takes. */
  readonly value: number
  /** How busy its process was, and that of its load: 1 is a core. */
  readonly busy?: number
  readonly load?: number
}

export interface Course {
  /** Measured rounds; one more comes first and is dropped. */
  readonly rounds?: number
  /** How often each contestant has its turn in a round, and for how many milliseconds. */
  readonly turns?: number
  readonly turn?: number
}

/** What each contestant reached, a value per round. */
export type Results<Name extends string> = Readonly<Record<Name, readonly Speed[]>>

/**
 * Lets the contestants run in turns, A B A B, so that whatever else the machine does meanwhile meets all of them.
 *
 * They start afresh in every round, since a process may be lucky or not for as long as it lives: how its memory came
 * to lie makes bare sockets differ by a third. A round counts each contestant's median turn.
 */
export async function race<Name extends string>(
  contestants: Readonly<Record<Name, () => Promise<Contestant>>>,
  { rounds = 5, turns = 5, turn = 150 }: Course = {},
): Promise<Results<Name>> {
  const names = Object.keys(contestants) as Name[]
  const results = Object.fromEntries(names.map(name => [name, [] as Speed[]])) as Record<Name, Speed[]>
  for (let round = 0; round <= rounds; round += 1) {
    const started = new Map<Name, Contestant>()
    for (const name of names) started.set(name, await contestants[name]())
    const speeds = new Map<Name, Speed[]>(names.map(name => [name, []]))
    for (let count = 0; count < turns; count += 1) {
      for (const [name, contestant] of started) speeds.get(name)?.push(await contestant.run(turn))
    }
    for (const [name, contestant] of started) {
      await contestant.stop()
      if (round > 0) results[name].push(middle(speeds.get(name) ?? []))
    }
  }
  return results
}

/** The best of the others in each round, and the name of the one that was the best most often. */
export function best<Name extends string>(results: Results<Name>, ours: NoInfer<Name>): [string, readonly Speed[]] {
  const others = Object.entries<readonly Speed[]>(results).filter(([name]) => name !== ours)
  const wins = results[ours].map((_, round) =>
    others.reduce((best, other) => ((other[1][round]?.value ?? 0) > (best[1][round]?.value ?? 0) ? other : best)),
  )
  const names = [...new Set(wins.map(([name]) => name))]
  return [`the best peer (${names.join(', ')})`, wins.map(([, speeds], round) => speeds[round] ?? { value: NaN })]
}

/** The turn in the middle: in some of them the machine may have had something else to do. */
function middle(speeds: readonly Speed[]): Speed {
  const sorted = [...speeds].sort((a, b) => a.value - b.value)
  return sorted[Math.floor(sorted.length / 2)] ?? { value: NaN }
}
