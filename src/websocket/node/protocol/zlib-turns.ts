/** How many messages are compressed or inflated at once: each takes memory by the 100 KiB, and the process has few threads for them. */
const AT_ONCE = 8

type Task = (done: () => void) => void

/** Those who want zlib wait for their turn, in all of the process: it is one pool of threads that they share. */
class Turns {
  readonly #waiting: Task[] = []
  #running = 0
  #beginning = false

  take(task: Task): void {
    this.#waiting.push(task)
    this.#next()
  }

  /** Those who have no use for their turn give it back while others are given theirs. */
  #next(): void {
    if (this.#beginning) return
    this.#beginning = true
    try {
      while (this.#running < AT_ONCE && this.#waiting.length > 0) this.#begin()
    } finally {
      this.#beginning = false
    }
  }

  #begin(): void {
    const task = this.#waiting.shift()
    let over = false
    this.#running += 1
    task?.(() => {
      if (over) return
      over = true
      this.#running -= 1
      this.#next()
    })
  }
}

export const zlibTurns = new Turns()
