#include "picture.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace plimsoll::test {
namespace {

constexpr double kWidth = 860, kHeight = 380;
constexpr double kLeft = 60, kRight = 20, kTop = 30, kBottom = 60;
constexpr double kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kHeight - kTop - kBottom;
constexpr const char* kColours[] = {"#0b6e4f", "#c0392b", "#2c5aa0", "#b7791f"};

void append(std::string& text, const char* format, ...) __attribute__((format(printf, 2, 3)));
void append(std::string& text, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  text += line;
}

// 1, 2 or 5 times a power of ten, so that about `count` steps make `whole`.
double round_step(double whole, int count) {
  double step = 1;
  while (true) {
    for (const double times : {1.0, 2.0, 5.0}) {
      if (step * times * count >= whole) return step * times;
    }
    step *= 10;
  }
}

class Picture {
 public:
  Picture(double most_seconds, double most_megabytes) : seconds_(most_seconds), megabytes_(most_megabytes) {}

  double x(double seconds) const { return kLeft + kPlotWidth * seconds / seconds_; }
  double y(double megabytes) const { return kTop + kPlotHeight * (1 - megabytes / megabytes_); }

  void axes(std::string& text) const {
    append(text, "<g stroke=\"#ddd\" fill=\"#555\">\n");
    const double of_memory = round_step(megabytes_, 8), of_time = round_step(seconds_, 10);
    for (double mb = 0; mb <= megabytes_; mb += of_memory) {
      append(text,
             "<path d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\" stroke=\"none\" "
             "text-anchor=\"end\">%.0f</text>\n",
             kLeft, y(mb), kWidth - kRight, kLeft - 6, y(mb) + 4, mb);
    }
    for (double s = 0; s <= seconds_; s += of_time) {
      append(text, "<text x=\"%.1f\" y=\"%.1f\" stroke=\"none\" text-anchor=\"middle\">%.0f</text>\n", x(s),
             kTop + kPlotHeight + 16, s);
    }
    append(text, "<text x=\"%.1f\" y=\"%.1f\" stroke=\"none\">MB held</text>\n", 8.0, kTop - 12);
    append(text, "<text x=\"%.1f\" y=\"%.1f\" stroke=\"none\" text-anchor=\"end\">seconds</text>\n</g>\n",
           kWidth - kRight, kTop + kPlotHeight + 32);
  }

  void limit(std::string& text, double mb) const {
    append(text, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#000\" stroke-dasharray=\"6 4\"/>\n", kLeft, y(mb),
           kWidth - kRight);
    append(text, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">the kernel kills at %.0f MB</text>\n",
           kWidth - kRight, y(mb) - 5, mb);
  }

  void curve(std::string& text, const MemoryCurve& curve, size_t index) const {
    const char* colour = kColours[index % std::size(kColours)];
    append(text, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"", colour);
    for (size_t i = 0; i < curve.points.size(); ++i) {
      append(text, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x(curve.points[i].seconds),
             y(curve.points[i].megabytes));
    }
    text += "\"/>\n";
    if (curve.killed && !curve.points.empty()) {
      const double at_x = x(curve.points.back().seconds), at_y = y(curve.points.back().megabytes);
      append(text, "<path stroke=\"%s\" stroke-width=\"3\" d=\"M%.1f %.1fl12 12m0 -12l-12 12\"/>\n", colour,
             at_x - 6, at_y - 6);
    }
    const double legend_x = kLeft + static_cast<double>(index) * 330;
    append(text, "<path stroke=\"%s\" stroke-width=\"3\" d=\"M%.1f %.1fh20\"/>", colour, legend_x,
           kHeight - 14);
    append(text, "<text x=\"%.1f\" y=\"%.1f\">%s%s</text>\n", legend_x + 26, kHeight - 10, curve.name.c_str(),
           curve.killed ? " (killed)" : "");
  }

 private:
  double seconds_, megabytes_;
};

}  // namespace

std::string memory_picture(double limit_megabytes, const std::vector<MemoryCurve>& curves) {
  double seconds = 1, megabytes = limit_megabytes * 1.05;
  for (const MemoryCurve& curve : curves) {
    for (const MemoryCurve::Point& point : curve.points) {
      seconds = std::max(seconds, point.seconds);
      megabytes = std::max(megabytes, point.megabytes);
    }
  }
  std::string text;
  append(text,
         "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" "
         "font-size=\"12\">\n",
         kWidth, kHeight);
  append(text, "<rect width=\"%.0f\" height=\"%.0f\" fill=\"#fff\"/>\n", kWidth, kHeight);
  const Picture picture(seconds, megabytes);
  picture.axes(text);
  picture.limit(text, limit_megabytes);
  for (size_t i = 0; i < curves.size(); ++i) picture.curve(text, curves[i], i);
  text += "</svg>\n";
  return text;
}

}  // namespace plimsoll::test
