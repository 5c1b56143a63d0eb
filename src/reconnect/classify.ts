import type { TypedEvent } from '../connection/event.js'
import { byCode } from './close-codes.js'
import { verdictOnRefusal } from './refusal.js'
import type { Verdict } from './verdict.js'

/** As much of a `close` as is looked at, that of a WebSocket included. */
interface Ending extends TypedEvent {
  readonly reason?: string
  readonly code?: unknown
}

/**
 * The verdict on an end that the user's `classify` leaves open.
 *
 * It goes by codes, never by classes: a bare `TypeError` is how `fetch` reports that the network failed.
 */
export function classified(error: unknown, close: Ending | undefined): Verdict {
  if (close?.reason === 'local' || close?.reason === 'shutdown') return 'stop'
  const verdicts = new Set([verdictOn(close?.code)])
  for (const cause of causesOf(error)) verdicts.add(verdictOn(cause.code)).add(verdictOnRefusal(cause))
  if (verdicts.has('stop')) return 'stop'
  return verdicts.has('slow') ? 'slow' : 'retry'
}

function verdictOn(code: unknown): Verdict | undefined {
  if (stops(code)) return 'stop'
  return slows(code) ? 'slow' : byCode.get(code)
}

function stops(code: unknown): boolean {
  return hopeless.has(code) || /^ERR_(?:INVALID_|MISSING_|OUT_OF_RANGE$|SOCKET_BAD_)/.test(String(code))
}

function slows(code: unknown): boolean {
  return overburdened.has(code) || /^ERR_SSL_/.test(String(code))
}

/**
 * What another attempt will not change: until someone mends a certificate, a program or a permission, the answer is the
 * same.
 */
const hopeless = new Set<unknown>([
  'ERR_OPTIONS',
  'ERR_POLICY',
  'ERR_TLS_CERT_ALTNAME_INVALID',

  // Node's list of X.509 certificate error codes, without those of revocation lists and of memory
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/**
 * What time may change, but hardly that of a backoff: a peer that speaks another language, or has asked for patience.
 */
const overburdened = new Set<unknown>([
  'ERR_FLOOD',
  'ERR_FRAME_MALFORMED',
  'ERR_FRAME_TOO_LONG',
  'ERR_HANDSHAKE_MALFORMED',
  'ERR_MESSAGE_ENCODING',
  'ERR_MESSAGE_KIND',
  'ERR_MESSAGE_TOO_LONG',
  'ERR_PROTOCOL',
])

/** An error, and what caused it. */
function causesOf(error: unknown): Fault[] {
  const causes: Fault[] = []
  for (let at = error; isObject(at) && causes.length < 8; at = at.cause) causes.push(at)
  return causes
}

interface Fault {
  readonly code?: unknown
  readonly cause?: unknown
}

function isObject(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null
}
