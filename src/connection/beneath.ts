/**
 * Where whatever stands in for a connection finds what it has not itself: on the `inner` one, be it a WebSocket's `context` or a member
 * that a user has given his own. A method of its class is called there.
 *
 * It ends their chain of prototypes, so that what they have themselves costs nothing, and a connection no memory. What is named by a
 * symbol says what one can do itself, and is not handed on.
 */
export const beneath = new Proxy(Object.prototype, {
  get(object, name, wrapper: { readonly inner?: object }) {
    if (typeof name === 'symbol' || name === 'inner' || name in object) return Reflect.get(object, name) as unknown
    const { inner } = wrapper
    if (inner === undefined) return undefined
    const value: unknown = Reflect.get(inner, name)
    return typeof value === 'function' && isMethod(inner, name) ? (value.bind(inner) as unknown) : value
  },
})

/** A function that somebody has put there is his, and what is there from further beneath was bound there. */
function isMethod(inner: object, name: string): boolean {
  return name in inner && !Object.hasOwn(inner, name)
}
