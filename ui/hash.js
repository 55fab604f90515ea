// The hash of a password that the server knows: base64(SHA256(password + SHA256(e-mail in small letters))).

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

export async function passwordHash(email, password) {
  const utf8 = new TextEncoder();
  const salt = await sha256(utf8.encode(email.toLowerCase()));
  const clear = utf8.encode(password);
  const both = new Uint8Array(clear.length + salt.length);
  both.set(clear);
  both.set(salt, clear.length);
  return btoa(String.fromCharCode(...await sha256(both)));
}
