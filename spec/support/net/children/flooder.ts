// Sends for as long as it lives, and reads nothing.

import { connect } from 'node:net'

const socket = connect({ host: '127.0.0.1', port: Number(process.argv[2]) })
const chunk = Buffer.alloc(64 * 1024, 'flood ')
const flood = (): void => {
  while (socket.write(chunk));
}
socket.on('connect', flood).on('drain', flood).pause()
