#include "svg.h"

#include <algorithm>

#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr int kWidth = 940;
constexpr int kMargin = 20;
constexpr int kLabelWidth = 420;
constexpr int kValueWidth = 70;
constexpr int kBarHeight = 16;
constexpr int kBarStep = 22;
constexpr const char* kColour = "#1f6f8b";
constexpr const char* kOtherColour = "#b9c6cc";
constexpr const char* kLineColours[] = {"#1f6f8b", "#c8553d", "#6a8d3a", "#7b5ea7"};

std::string text_at(double x, double y, std::string_view text, std::string_view attributes = "") {
  return "<text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" " + std::string(attributes) + ">" +
         escape_xml(text) + "</text>\n";
}

std::string line_at(double x1, double y1, double x2, double y2, std::string_view attributes) {
  return "<line x1=\"" + fixed(x1, 1) + "\" y1=\"" + fixed(y1, 1) + "\" x2=\"" + fixed(x2, 1) + "\" y2=\"" +
         fixed(y2, 1) + "\" " + std::string(attributes) + "/>\n";
}

std::string document(int height, const std::string& body) {
  const std::string size = std::to_string(kWidth) + "\" height=\"" + std::to_string(height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + size + "\" viewBox=\"0 0 " +
         std::to_string(kWidth) + " " + std::to_string(height) +
         "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n" +
         "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" + body + "</svg>\n";
}

std::string group_bars(const BarGroup& group, int& y) {
  double largest = group.mark.value_or(0);
  for (const Bar& bar : group.bars) largest = std::max(largest, bar.value);
  const double scale = largest > 0 ? (kWidth - 2 * kMargin - kLabelWidth - kValueWidth) / largest : 0;
  const double left = kMargin + kLabelWidth;
  std::string body = text_at(kMargin, y + 14, group.title, "font-weight=\"bold\"");
  y += 24;
  const int top = y;
  for (const Bar& bar : group.bars) {
    const double length = std::max(0.0, bar.value) * scale;
    body += text_at(left - 8, y + 12, bar.label, "text-anchor=\"end\"");
    body += "<rect x=\"" + fixed(left, 1) + "\" y=\"" + std::to_string(y) + "\" width=\"" + fixed(length, 1) +
            "\" height=\"" + std::to_string(kBarHeight) + "\" fill=\"" +
            (bar.other ? kOtherColour : kColour) + "\"/>\n";
    body += text_at(left + length + 6, y + 12, fixed(bar.value, group.decimals));
    y += kBarStep;
  }
  if (group.mark) {
    const double x = left + *group.mark * scale;
    body += line_at(x, top - 4, x, y, "stroke=\"#c8553d\" stroke-dasharray=\"4 3\"");
  }
  y += 16;
  return body;
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string bar_chart(std::string_view title, std::string_view subtitle,
                      const std::vector<BarGroup>& groups) {
  std::string body = text_at(kMargin, 30, title, "font-size=\"18\" font-weight=\"bold\"");
  body += text_at(kMargin, 50, subtitle, "fill=\"#666\"");
  int y = 70;
  for (const BarGroup& group : groups) {
    if (!group.bars.empty()) body += group_bars(group, y);
  }
  return document(y + kMargin, body);
}

std::string line_chart(std::string_view title, std::string_view x_label, const std::vector<Line>& lines) {
  constexpr double kLeft = 60, kTop = 70, kBottom = 370, kRight = kWidth - kMargin;
  double last = 0;
  for (const Line& line : lines) {
    for (const auto& point : line.points) last = std::max(last, point.first);
  }
  const auto x_of = [last](double x) { return last > 0 ? kLeft + x / last * (kRight - kLeft) : kLeft; };
  const auto y_of = [](double y) { return kBottom - std::clamp(y, 0.0, 1.0) * (kBottom - kTop); };
  std::string body = text_at(kMargin, 30, title, "font-size=\"18\" font-weight=\"bold\"");
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    body += line_at(kLeft, y_of(tenth / 10.0), kRight, y_of(tenth / 10.0), "stroke=\"#ddd\"");
    body += text_at(kLeft - 8, y_of(tenth / 10.0) + 4, fixed(tenth / 10.0, 1), "text-anchor=\"end\"");
  }
  body += text_at(kRight, kBottom + 20, std::string(x_label) + " (0 to " + fixed(last, 0) + ")",
                  "text-anchor=\"end\"");
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string colour = kLineColours[i % std::size(kLineColours)];
    std::string points;
    for (const auto& [x, y] : lines[i].points) points += fixed(x_of(x), 1) + "," + fixed(y_of(y), 1) + " ";
    body +=
        "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + colour + "\" points=\"" + points + "\"/>\n";
    body += text_at(kLeft + 180.0 * static_cast<double>(i), 54, lines[i].label, "fill=\"" + colour + "\"");
  }
  return document(410, body);
}

}  // namespace plimsoll::bench
