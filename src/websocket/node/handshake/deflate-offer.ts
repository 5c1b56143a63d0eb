import { SluiceError } from '../../../connection/errors.js'
import { parseExtensions, type Extension } from './extensions.js'
import { deflateDefaults, type DeflateOptions } from '../message-options.js'
import type { Compression, DeflateSettings } from '../protocol/wire-settings.js'

const NAME = 'permessage-deflate'
const LARGEST_WINDOW = 15

/** What an end may ask of the other (RFC 7692 section 7.1). */
interface Terms {
  readonly serverForgets: boolean
  readonly clientForgets: boolean
  readonly serverWindow: number | undefined
  /** `true` in an offer: the client can, if it is asked to. */
  readonly clientWindow: number | true | undefined
}

/** What a client offers in `Sec-WebSocket-Extensions`. */
export function offered({ takeover = deflateDefaults.takeover }: DeflateOptions): string {
  const forgetful = takeover ? '' : '; server_no_context_takeover; client_no_context_takeover'
  return `${NAME}${forgetful}; client_max_window_bits`
}

/** What a server answers to the first offer that it can accept, and what follows for it; nothing if there is none. */
export function accepted(
  header: string | undefined,
  options: DeflateOptions,
): { readonly header: string; readonly settings: DeflateSettings } | undefined {
  const terms = parseExtensions(header ?? '')
    ?.map(termsOf)
    .find(each => each !== undefined)
  if (terms === undefined) return undefined
  const { takeover = deflateDefaults.takeover } = options
  const serverForgets = terms.serverForgets || !takeover
  const clientForgets = terms.clientForgets || !takeover
  const answer = [
    NAME,
    ...(serverForgets ? ['server_no_context_takeover'] : []),
    ...(clientForgets ? ['client_no_context_takeover'] : []),
    ...(terms.serverWindow === undefined ? [] : [`server_max_window_bits=${terms.serverWindow}`]),
  ]
  const ours = compression(!serverForgets, terms.serverWindow)
  return { header: answer.join('; '), settings: settings(options, ours, compression(!clientForgets)) }
}

/**
 * What follows for a client from a server's answer; nothing if that has accepted none.
 *
 * @throws `SluiceError` with code `ERR_HANDSHAKE_MALFORMED` for an answer to what was not offered
 */
export function agreed(header: string | undefined, options: DeflateOptions | undefined): DeflateSettings | undefined {
  if (header === undefined) return undefined
  const extensions = parseExtensions(header)
  const [first] = extensions ?? []
  const terms = first === undefined || options === undefined ? undefined : termsOf(first)
  if (terms === undefined || options === undefined || extensions?.length !== 1 || terms.clientWindow === true)
    throw malformed(header)
  const { takeover = deflateDefaults.takeover } = options
  if (!takeover && !terms.serverForgets) throw malformed(header)
  const ours = compression(takeover && !terms.clientForgets, terms.clientWindow)
  return settings(options, ours, compression(!terms.serverForgets, terms.serverWindow))
}

/** Nothing for what is no `permessage-deflate`, or one with parameters that do not exist or can't be so. */
function termsOf({ name, parameters }: Extension): Terms | undefined {
  const known = new Set([
    'server_no_context_takeover',
    'client_no_context_takeover',
    'server_max_window_bits',
    'client_max_window_bits',
  ])
  if (name !== NAME || [...parameters.keys()].some(key => !known.has(key))) return undefined
  const serverForgets = parameters.get('server_no_context_takeover')
  const clientForgets = parameters.get('client_no_context_takeover')
  const serverWindow = parameters.get('server_max_window_bits')
  const clientWindow = parameters.get('client_max_window_bits')
  if (typeof serverForgets === 'string' || typeof clientForgets === 'string') return undefined
  if (serverWindow === true || !isWindow(serverWindow) || !isWindow(clientWindow)) return undefined
  return {
    serverForgets: serverForgets === true,
    clientForgets: clientForgets === true,
    serverWindow: serverWindow === undefined ? undefined : Number(serverWindow),
    clientWindow: typeof clientWindow === 'string' ? Number(clientWindow) : clientWindow,
  }
}

function isWindow(value: string | true | undefined): boolean {
  return typeof value !== 'string' || /^(?:[89]|1[0-5])$/.test(value)
}

function compression(takeover: boolean, windowBits = LARGEST_WINDOW): Compression {
  return { takeover, windowBits }
}

function settings(options: DeflateOptions, ours: Compression, theirs: Compression): DeflateSettings {
  const { threshold, maxRatio, level } = { ...deflateDefaults, ...options }
  return { threshold, maxRatio, level, ours, theirs }
}

function malformed(header: string): SluiceError {
  return new SluiceError(
    'ERR_HANDSHAKE_MALFORMED',
    `the server answers with extensions that were not offered: ${header}`,
  )
}
