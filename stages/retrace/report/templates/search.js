"use strict";
// Every word must stand in an entry; those that have all of them in their title come first.
(function () {
  var most = 200;
  var asked = new URLSearchParams(location.search).get("q") || "";
  var words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  var box = document.getElementById("q"), list = document.getElementById("found");
  box.value = asked;
  if (!words.length) { box.focus(); return; }
  function holds(text) { return words.every(function (word) { return text.includes(word); }); }
  var hits = window.retraceIndex.filter(function (entry) { return holds((entry[0] + " " + entry[1] + " " + entry[3]).toLowerCase()); });
  var first = hits.filter(function (entry) { return holds(entry[1].toLowerCase()); });
  var rest = hits.filter(function (entry) { return !holds(entry[1].toLowerCase()); });
  first.concat(rest).slice(0, most).forEach(function (entry) {
    var item = document.createElement("li"), link = document.createElement("a");
    link.href = entry[2];
    link.textContent = entry[1];
    item.append(entry[0] + " ", link, " " + entry[3].slice(0, 160));
    list.append(item);
  });
  document.getElementById("count").textContent = hits.length + " found for " + asked + (hits.length > most ? ", the first " + most + " shown" : "");
})();
