// 1 GiB of messages into a consumer that takes a millisecond for each, from a peer that sends without a pause: see
// flow/slow-consumer, whose bounds these are.

import { growth, judge } from '../flow/growth.js'
import { Report } from '../support/report.js'
import { asked, farewell, request } from './frames.js'

const speech = { preamble: request, chunk: asked('binary', 64 * 1024), farewell }
const report = new Report('websocket/slow-consumer')

judge(report, await growth(new URL('consumers.js', import.meta.url), 'sluice', speech, 45_000), 16 * 64 * 1024)
