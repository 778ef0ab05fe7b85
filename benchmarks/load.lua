-- For wrk: sends each token of a file, if there is one, in turn; prints what came of it as JSON.

function init(args)
   if args[1] then
      local tokens = {}
      for token in io.lines(args[1]) do
         tokens[#tokens + 1] = token
      end
      wrk.headers["Approov-Token"] = "\0"
      local plain = wrk.format()
      local at = plain:find("\0", 1, true)
      local head, tail = plain:sub(1, at - 1), plain:sub(at + 1)
      local last = 0
      request = function()
         last = last % #tokens + 1
         return head .. tokens[last] .. tail
      end
   end
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests":%d,"microseconds":%d,"bytes":%d,"refused":%d,"broken":%d,"p99_microseconds":%d}\n',
      summary.requests, summary.duration, summary.bytes, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99)))
end
