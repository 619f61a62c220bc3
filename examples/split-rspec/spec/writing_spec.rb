require_relative "../lib/roman"

RSpec.describe "writing" do
  { 1 => "I", 4 => "IV", 9 => "IX", 40 => "XL", 90 => "XC", 3999 => "MMMCMXCIX" }.each do |number, text|
    it("writes #{number} as \"#{text}\"") { expect(Roman.write(number)).to eq(text) }
  end

  context "what can't be written" do
    [0, -1, 4000].each { |number| it("has no #{number}") { expect { Roman.write(number) }.to raise_error(RangeError) } }
  end
end
