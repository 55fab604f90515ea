// The login page: sends the hash that the server knows instead of the password.
'use strict';

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

async function passwordHash(email, password) {
  const utf8 = new TextEncoder();
  const salt = await sha256(utf8.encode(email.toLowerCase()));
  const clear = utf8.encode(password);
  const both = new Uint8Array(clear.length + salt.length);
  both.set(clear);
  both.set(salt, clear.length);
  return btoa(String.fromCharCode(...await sha256(both)));
}

const form = document.querySelector('form');
const problem = document.querySelector('#problem');

function tell(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

// The server leads back here without a word when e-mail or password are wrong.
try {
  if (sessionStorage.getItem('tried')) tell('That did not work: the e-mail or the password is wrong.');
  sessionStorage.removeItem('tried');
} catch { /* Without storage there is no message. */ }

form.addEventListener('submit', async event => {
  event.preventDefault();
  const email = form.elements.email.value.trim();
  form.elements.password.value = await passwordHash(email, document.querySelector('#clear').value);
  try { sessionStorage.setItem('tried', '1'); } catch { /* as above */ }
  form.submit();
});
