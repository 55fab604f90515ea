// The login page: sends the hash that the server knows instead of the password.
import { passwordHash } from './hash.js';

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
