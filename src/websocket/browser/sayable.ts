/** Whether the platform lets a page send this code. */
export function isSayable(code: number): boolean {
  return code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999)
}
