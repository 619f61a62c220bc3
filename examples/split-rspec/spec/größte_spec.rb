require_relative "../lib/roman"

RSpec.describe Roman do
  it("reads a year") { expect(Roman.read("MCMXCIV")).to eq(1994) }
  it("größte") { expect(Roman.read("MMMCMXCIX")).to eq(3999) }
  it("knows what is none") { expect { Roman.read("IIX") }.to raise_error(ArgumentError) }
  it("reads fractions")
end
