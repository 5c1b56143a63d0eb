/** A fresh identity. Browsers hide `randomUUID` from pages without TLS, so those get as many random bits in another form. */
export function newId(): string {
  // It comes in twenty pieces. Put in lower case, which it is in already, it is one, and 450 bytes smaller.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID().toLowerCase()
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), word => word.toString(16).padStart(8, '0')).join('-')
}
