// A button for what the browser's menu does.
const button = document.getElementById("print")
button.hidden = false
button.addEventListener("click", () => print())
