// Label Studio's page draws its settings and lists by itself, without asking the server. An annotator has one page:
// whatever leads away from it asks the server, which says where they may go.
(function () {
  "use strict";
  function isTheirPage(address) {
    var url = new URL(address, location.href);
    var isStream = /^\/projects\/\d+\/data\/?$/.test(url.pathname) && url.searchParams.has("labeling");
    return url.origin === location.origin && isStream;
  }
  var style = document.createElement("style");
  style.textContent = 'a[href*="/settings"], a[href^="/user/account"] { display: none !important; }';
  document.head.appendChild(style);
  ["pushState", "replaceState"].forEach(function (name) {
    var original = history[name];
    history[name] = function (state, title, address) {
      if (address !== undefined && address !== null && !isTheirPage(address)) {
        location.assign(address);
        return undefined;
      }
      return original.apply(this, arguments);
    };
  });
})();
