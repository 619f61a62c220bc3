# RSpec as a worker of a split job: lists examples, or tells how each ended.
require "json"

class SidingsSplit
  RSpec::Core::Formatters.register self, :example_started, :example_passed, :example_failed, :example_pending

  def initialize(_output)
    # Examples that start RSpec themselves are to find nothing of this.
    @list = ENV.delete("SIDINGS_LIST")
    @events = ENV.delete("SIDINGS_EVENTS")
  end

  def example_started(notification)
    id = notification.example.id
    File.write(@list, "#{id}\0", mode: "ab") if @list
    tell(start: id)
  end

  def example_passed(notification)
    ended(notification.example, "passed")
  end

  def example_failed(notification)
    ended(notification.example, "failed")
  end

  def example_pending(notification)
    ended(notification.example, "skipped")
  end

  private

  def ended(example, outcome)
    tell(end: example.id, outcome: outcome, ms: (example.execution_result.run_time.to_f * 1000).round(3))
  end

  def tell(event)
    File.write(@events, "#{JSON.generate(event)}\n", mode: "ab") if @events
  end
end
