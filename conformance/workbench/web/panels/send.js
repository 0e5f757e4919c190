export function mount(element, bench) {
  element.textContent = bench.connector.id;
}
