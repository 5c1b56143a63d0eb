/** The items of a header that is a list (RFC 9110 section 5.6.1). */
export function listOf(header: string | undefined): readonly string[] {
  return (header ?? '')
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

/** Whether a list has a token, in whatever case. */
export function lists(header: string | undefined, token: string): boolean {
  return listOf(header).some(item => item.toLowerCase() === token)
}
