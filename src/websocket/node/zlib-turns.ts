/** How many messages are compressed or inflated at once: each takes memory by the 100 KiB, and the process has few threads for them. */
const AT_ONCE = 8

type Task = (done: () => void) => void

/** Those who want zlib wait for their turn, in all of the process: it is one pool of threads that they share. */
class Turns {
  readonly #waiting: Task[] = []
  #running = 0

  take(task: Task): void {
    this.#waiting.push(task)
    this.#next()
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
      const task = this.#waiting.shift()
      if (task === undefined) return
      this.#running += 1
      let over = false
      task(() => {
        if (over) return
        over = true
        this.#running -= 1
        this.#next()
      })
    }
  }
}

export const zlibTurns = new Turns()
