// The way down to what one may do stands at the foot of a small screen, until that is on the screen itself.
const jump = document.querySelector(".jump");
const goal = document.getElementById("onward");
if (jump && goal) new IntersectionObserver(([seen]) => jump.classList.toggle("there", seen.isIntersecting)).observe(goal);
