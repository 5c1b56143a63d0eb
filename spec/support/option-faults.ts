import { expect } from 'chai'

/** What is wrong with the options of a call, fault by fault; nothing if it does not throw. */
export function optionFaults(call: () => unknown): string[] {
  try {
    call()
  } catch (error) {
    expect(error).to.include({ name: 'SluiceError', code: 'ERR_OPTIONS' })
    const [, text = ''] = /^[\w.]+: (.*)$/.exec((error as Error).message) ?? []
    return text.split('; ')
  }
  return []
}
