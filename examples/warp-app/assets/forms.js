/** Sends every form as JSON. LunaDefend's elements see to it first that each secure field has its token. */

const problem = document.querySelector("#problem");

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter);
});

async function send(form, submitter) {
  problem.textContent = "";
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(form, submitter))),
    });
    if (answer.ok) {
      location.assign("/");
    } else {
      const { error } = await answer.json();
      problem.textContent = `Not done: ${error.message}.`;
    }
  } catch {
    problem.textContent = "The application cannot be reached. Try again in a minute.";
  }
}
