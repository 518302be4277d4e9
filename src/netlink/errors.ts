/**
 * What the kernel answers when it refuses, and what we say when we do not know.
 * In: the body of an NLMSG_ERROR or NLMSG_DONE. Out: a NetlinkError with the name of its errno.
 */
import { AttributeReader } from './attributes.ts'
import { align4, LITTLE_ENDIAN, viewOf } from './bytes.ts'
import { NLMSG_HDRLEN, type Reply } from './message.ts'

/** asm-generic/errno-base.h and errno.h from 1 on; `-` where Linux has no such number. */
const ERRNO_NAMES: readonly string[] = `
EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV
ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK
ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT
EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV
ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX
ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT
ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET
ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH
EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY
EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON`
  .trim()
  .split(/\s+/)

/** 2 is `ENOENT`; a number without a name is given as `E` and the number. ENOTSUP is EOPNOTSUPP on Linux. */
export const errnoName = (errno: number): string => {
  const name = ERRNO_NAMES[errno - 1]
  return name === undefined || name === '-' ? `E${errno}` : name
}

export interface NetlinkFault {
  /** The errno's name, or `UNKNOWN`: the answer was lost, so the request may or may not have taken effect. */
  readonly code: string
  /** What was asked. */
  readonly subject: string
  readonly sequence: number
  /** Which message of a batch; undefined when the whole of it was refused at its beginning or its commit. */
  readonly index?: number | undefined
  /** What happened, if not a refusal by the kernel. */
  readonly fact?: string | undefined
  /** The kernel's own words, where it gave some (NLMSGERR_ATTR_MSG). */
  readonly text?: string | undefined
  /** Where in the message the kernel points to, bytes from the netlink header (NLMSGERR_ATTR_OFFS). */
  readonly offset?: number | undefined
  readonly cause?: unknown
}

/** A refused request, or one whose fate is not known. Callers switch on `code`. */
export class NetlinkError extends Error {
  readonly code: string
  readonly sequence: number
  readonly index: number | undefined
  readonly text: string | undefined
  readonly offset: number | undefined

  constructor(fault: NetlinkFault) {
    super(wording(fault), fault.cause === undefined ? undefined : { cause: fault.cause })
    this.name = 'NetlinkError'
    this.code = fault.code
    this.sequence = fault.sequence
    this.index = fault.index
    this.text = fault.text
    this.offset = fault.offset
  }
}

const wording = ({ code, subject, index, fact, text, offset }: NetlinkFault): string => {
  const which = index === undefined ? '' : ` (message ${index} of the batch)`
  const where = offset === undefined ? '' : `, at byte ${offset} of the message`
  const why = text === undefined ? '' : `: ${text}`
  return code === 'UNKNOWN'
    ? `UNKNOWN: ${subject}${which}: no answer${why}; it may or may not have taken effect`
    : `${code}: ${subject}${which}: ${fact ?? 'the kernel refused it'}${why}${where}`
}

/** A batch that did not take effect (`refused`), or about which nothing is known. It holds every error there was. */
export class BatchError extends Error {
  readonly outcome: 'refused' | 'unknown'
  readonly errors: readonly NetlinkError[]

  constructor(errors: readonly NetlinkError[]) {
    const [first] = errors
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
    super(`${first?.message ?? 'a batch failed without an error'}${more}`, { cause: first })
    this.name = 'BatchError'
    this.outcome = errors.every(({ code }) => code === 'UNKNOWN') ? 'unknown' : 'refused'
    this.errors = errors
  }
}

/** struct nlmsgerr and what may follow it. `errno` 0 is an acknowledgement. */
export interface Verdict {
  readonly errno: number
  readonly text: string | undefined
  readonly offset: number | undefined
}

const NLM_F_CAPPED = 0x100
const NLM_F_ACK_TLVS = 0x200
const NLMSGERR_ATTR_MSG = 1
const NLMSGERR_ATTR_OFFS = 2

/** Reads an NLMSG_ERROR or the number at the head of an NLMSG_DONE; the extended acknowledgement where it came along. */
export const readVerdict = ({ body, flags }: Reply): Verdict => {
  const errno = body.length < 4 ? 0 : -viewOf(body).getInt32(0, LITTLE_ENDIAN)
  const bare = { errno: errno === 0 ? 0 : errno, text: undefined, offset: undefined }
  if ((flags & NLM_F_ACK_TLVS) === 0 || body.length < 4 + NLMSG_HDRLEN) return bare
  const echoed = flags & NLM_F_CAPPED ? NLMSG_HDRLEN : viewOf(body).getUint32(4, LITTLE_ENDIAN)
  const start = 4 + align4(echoed)
  if (start >= body.length) return bare
  const extended = new AttributeReader(body.subarray(start))
  return {
    errno,
    text: extended.str(NLMSGERR_ATTR_MSG),
    offset: extended.u32host(NLMSGERR_ATTR_OFFS),
  }
}

/** The error in an answer, or undefined for an acknowledgement. */
export const faultOf = (
  reply: Reply,
  subject: string,
  index?: number,
): NetlinkError | undefined => {
  const { errno, text, offset } = readVerdict(reply)
  if (errno === 0) return undefined
  const code = errnoName(errno)
  return new NetlinkError({ code, subject, sequence: reply.sequence, index, text, offset })
}
