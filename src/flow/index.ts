export { consume, type ConsumeOptions } from './consume.js'
export { iterate, type IterateOptions } from './iterate.js'
