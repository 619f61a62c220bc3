# Roman numerals.
module Roman
  SIGNS = { 1000 => "M", 900 => "CM", 500 => "D", 400 => "CD", 100 => "C", 90 => "XC", 50 => "L", 40 => "XL",
            10 => "X", 9 => "IX", 5 => "V", 4 => "IV", 1 => "I" }.freeze

  # A number from 1 to 3999 as a numeral.
  def self.write(number)
    raise RangeError, "#{number} has no numeral" unless (1..3999).cover?(number)

    SIGNS.reduce("") do |text, (value, sign)|
      times, number = number.divmod(value)
      text + sign * times
    end
  end

  # The number that a numeral stands for.
  def self.read(text)
    (1..3999).find { |number| write(number) == text } or raise ArgumentError, "#{text} is no numeral"
  end
end
