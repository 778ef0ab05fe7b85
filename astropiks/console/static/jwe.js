// A sealed secret, opened: compact JWE of ECDH-ES and A256GCM (RFC 7516, RFC 7518 section 4.6).

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const KEY_BITS = 256;

/** Whether this page may use WebCrypto: browsers have it on https, localhost and 127.0.0.1 alone. */
export const canOpen = () => window.isSecureContext && Boolean(crypto.subtle);

/** Make a key pair. Its private key cannot be taken out, of the page or by it. */
export async function makeKeys() {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const spki = await crypto.subtle.exportKey("spki", publicKey);
  return { privateKey, recipient: toBase64url(new Uint8Array(spki)) };
}

/** Give the protected header of a compact JWE. */
export const headerOf = (jwe) => JSON.parse(new TextDecoder().decode(fromBase64url(jwe.split(".")[0])));

/** Open it. Throws an Error if it is of another kind, for another key, or was changed. */
export async function open(jwe, privateKey) {
  const parts = jwe.trim().split(".");
  if (parts.length !== 5 || parts[1] !== "") throw new Error("It is no JWE with direct key agreement.");
  const header = headerOf(jwe);
  if (header.alg !== "ECDH-ES" || header.enc !== "A256GCM") throw new Error("It is sealed otherwise.");
  const theirs = await crypto.subtle.importKey("jwk", header.epk, CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, privateKey, KEY_BITS);
  const key = await crypto.subtle.importKey("raw", await derive(shared, header), "AES-GCM", false, ["decrypt"]);
  const [text, tag] = [fromBase64url(parts[3]), fromBase64url(parts[4])];
  const algorithm = {
    name: "AES-GCM", iv: fromBase64url(parts[2]), additionalData: ascii(parts[0]), tagLength: 128,
  };
  try {
    const plain = await crypto.subtle.decrypt(algorithm, key, joined(text, tag));
    return new TextDecoder().decode(plain);
  } catch {
    throw new Error("It was sealed for another key, or changed on its way.");
  }
}

/** The concatenation key derivation of NIST SP 800-56A, one round. */
function derive(shared, header) {
  const info = joined(
    uint32(1), new Uint8Array(shared), counted(ascii(header.enc)),
    counted(fromBase64url(header.apu ?? "")), counted(fromBase64url(header.apv ?? "")), uint32(KEY_BITS),
  );
  return crypto.subtle.digest("SHA-256", info);
}

const ascii = (text) => new TextEncoder().encode(text);
const counted = (bytes) => joined(uint32(bytes.length), bytes);

function uint32(number) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function joined(...pieces) {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function toBase64url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
