type Closer = () => unknown

const closers: Closer[] = []

/** What a spec has opened and `closeAll` will close. */
export function later(close: Closer): void {
  closers.push(close)
}

/** For `afterEach`: closes what the spec has opened, the last one first. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close()
}
