/** Gives an object more members, those that are read by a getter included: an Observable can be more, but is not to be subclassed. */
export function endow<T extends object, More extends object>(target: T, more: More): T & More {
  return Object.defineProperties(target, Object.getOwnPropertyDescriptors(more)) as T & More
}
