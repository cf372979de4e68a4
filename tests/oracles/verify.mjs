// Verifies LunaDefend's JWTs with jose; the input and the output are those of verify.py.
//
// LUNADEFEND_NODE_MODULES names the `node_modules` directory that has jose.

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// Node.js 18, which Debian 12 has, does not make it global by itself; jose looks for it there.
globalThis.crypto ??= webcrypto;

const LEGACY_KID = "lunasec-signing-key";

const modules = process.env.LUNADEFEND_NODE_MODULES;
const path = modules ? createRequire(join(modules, "index.js")).resolve("jose") : undefined;
const { createLocalJWKSet, decodeProtectedHeader, errors, importJWK, jwtVerify } = await import(
  path ? pathToFileURL(path) : "jose"
);

const fail = (message) => {
  console.error(message);
  process.exit(1);
};

const { jwks, jwts, tampered, audience, issuer } = JSON.parse(
  readFileSync(process.argv[2] ?? 0, "utf8"),
);
if (!jwts?.length || !tampered?.length) fail("nothing to verify");

const byKid = createLocalJWKSet(jwks);
const legacy = await importJWK(jwks.keys.find((key) => key.kid === LEGACY_KID));

const verify = (compact) =>
  jwtVerify(compact, decodeProtectedHeader(compact).kid === undefined ? legacy : byKid, {
    algorithms: ["RS256"],
    audience,
    issuer,
    requiredClaims: ["aud", "exp", "iat", "iss", "sub"],
  });

for (const [position, compact] of jwts.entries()) {
  await verify(compact).catch((refusal) => fail(`jwts[${position}] is refused: ${refusal}`));
}
for (const [position, compact] of tampered.entries()) {
  try {
    await verify(compact);
  } catch (refusal) {
    // `decodeProtectedHeader` throws a TypeError for what is not a JWT at all.
    if (refusal instanceof errors.JOSEError || refusal instanceof TypeError) continue;
    throw refusal;
  }
  fail(`tampered[${position}] is accepted`);
}
console.log("ok");
