export { consume, type ConsumeOptions } from './consume.js'
