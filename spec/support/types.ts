/** `true` where two types are the same, and not merely assignable to each other. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/**
 * Compiles only where `value` has exactly the type `T`. Type specs are compiled, here and as users of the published package,
 * and never run; what must not compile stands behind a `@ts-expect-error`.
 *
 * @example
 * expectType<number>()(1 as number)
 */
export function expectType<T>(): <Value>(
  value: Value,
  ...same: Equal<T, Value> extends true ? [] : ['is of the type', Value]
) => void {
  return () => undefined
}
