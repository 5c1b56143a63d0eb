/**
 * A codec of one's own: sentences of NMEA 0183, as satellite receivers send them, `$GPGLL,5133.81,N,00042.25,W*75`. They are lines with a
 * checksum, so the codec is that of lines, translated; what breaks the format closes the connection with a code.
 *
 * `node build/examples/custom-codec.js 10110`, with `nc -l 10110` to type a sentence into.
 */
import { SluiceError, packets } from 'sluice'
import { framed, lines, mapCodec, type Codec } from 'sluice/framing'
import { tcp } from 'sluice/net'

type Sentence = readonly string[]

const nmea: Codec<Sentence> = mapCodec(lines({ maxLength: 82, blank: 'drop' }), parse, format)

function parse(line: string): Sentence {
  const [, body = '', checksum] = /^\$([^*]*)\*([\dA-F]{2})$/.exec(line) ?? []
  if (checksum !== checksumOf(body)) throw new SluiceError('ERR_FRAME_MALFORMED', `not a sentence of NMEA: ${line}`)
  return body.split(',')
}

function format(sentence: Sentence): string {
  const body = sentence.join(',')
  return `$${body}*${checksumOf(body)}\r`
}

function checksumOf(body: string): string {
  const checksum = Buffer.from(body).reduce((sum, byte) => sum ^ byte, 0)
  return checksum.toString(16).toUpperCase().padStart(2, '0')
}

const [port = '10110'] = process.argv.slice(2)

tcp
  .connect({ host: 'localhost', port: Number(port) })
  .pipe(framed(nmea), packets())
  .subscribe({
    next: ([type, ...fields]) => console.log(`${type}: ${fields.join(' ')}`),
    error: (error: unknown) => console.error(String(error)),
  })
