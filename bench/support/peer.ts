const peers = new URL('../../../bench/peers/index.js', import.meta.url)

/** One of the packages in `bench/peers`. They have types for some of us only, so who asks says what he expects. */
export async function peer<Module>(name: string): Promise<Module> {
  const { peer } = (await import(peers.href)) as { peer: (name: string) => Promise<Module> }
  return peer(name)
}
