import { SluiceError } from '../connection/errors.js'

export function wrongKind(came: string, spoken: string): SluiceError {
  return new SluiceError('ERR_MESSAGE_KIND', `${came} came where ${spoken} are spoken`)
}
